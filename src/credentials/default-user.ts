/**
 * Whom an image lets in when no rule says so, by the image's name. Source: EC2 User Guide, "Default user names", and the
 * publishers' own pages. The first that fits wins.
 */
const users: readonly (readonly [pattern: RegExp, userName: string])[] = [
  [/ubuntu/i, 'ubuntu'],
  [/^debian/i, 'admin'],
  [/^centos/i, 'centos'],
  [/^fedora/i, 'fedora'],
  [/^rocky/i, 'rocky'],
  [/^flatcar/i, 'core'],
  [/^bitnami/i, 'bitnami'],
]

/** Amazon Linux, RHEL, SUSE, AlmaLinux, Oracle and FreeBSD images all let `ec2-user` in. */
export const defaultUserOf = (imageName: string): string =>
  users.find(([pattern]) => pattern.test(imageName))?.[1] ?? 'ec2-user'
