import { expect, test } from 'vitest'
import { defaultUserOf } from './default-user.ts'

test.each([
  ['al2023-ami-2023.9.20261001.0-kernel-6.12-x86_64', 'ec2-user'],
  ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261001', 'ubuntu'],
  ['debian-12-amd64-20261001-2252', 'admin'],
  ['RHEL-9.6.0_HVM-20261001-x86_64-0-Hourly2-GP3', 'ec2-user'],
  ['suse-sles-15-sp6-v20261001-hvm-ssd-x86_64', 'ec2-user'],
  ['Rocky-9-EC2-Base-9.6-20261001.0.x86_64', 'rocky'],
  ['', 'ec2-user'],
])('%s lets %s in', (image, user) => expect(defaultUserOf(image)).toBe(user))
