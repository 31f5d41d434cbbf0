import { codeOf } from '../idp/people.ts'
import type { WorldReport } from './report.ts'

/** What a person needs who wants to use the world, as text. */
export function describeWorld(world: WorldReport): string {
  const people = world.people.map((person) => {
    const groups = person.groups.join(', ') || 'no group'
    return `  ${person.name.padEnd(8)} ${person.password}  ${codeOf(world.seed, person.name) ?? '------'}  ${groups}`
  })
  const hosts = world.hosts.map(
    (host) => `  ${host.id}  ${host.account}  ${host.region}  ${host.address.padEnd(15)} ${host.name}`,
  )
  return [
    `Portal   ${world.portal}`,
    `Sign-in  ${world.idp}`,
    `AWS      ${world.aws}`,
    `To AWS   ${world.saml}  (enchilada login --method saml --sign-in-url …)`,
    ...(world.laptop ? ['Laptop   script/lab laptop  (then enchilada login --method saml, enchilada up lab)'] : []),
    '',
    'People: name, password, one-time code now (again with: script/lab totp NAME), groups',
    ...people,
    '',
    'Hosts',
    ...hosts,
    '',
    'Stock tools:   eval "$(script/lab env)"',
    'One more host: aws ec2 run-instances --profile workload-2 --image-id ami-0a1a2023a1a2023a0 --instance-type t3.nano \\',
    "                 --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=mine}]'",
    'The end:       script/lab stop',
  ].join('\n')
}
