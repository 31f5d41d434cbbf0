import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '../world/commands.ts'
import { repository } from '../world/folders.ts'
import { until } from './probes.ts'

/** systemd-resolved as a laptop has it: the real one, in the laptop's network, with a bus of its own. */
export type Resolved = {
  /** Where `resolvectl` is. */
  bin: string
  /** Put before a command, it has the laptop's resolv.conf. */
  within: string[]
  /** As its files have it. */
  resolvConf(): string
  /** Has programs ask that server instead, as on a machine without systemd-resolved; or its stub again. */
  replaceBy(server: string | undefined): void
  stop(): void
}

/** The package, where nothing of the repository is seen. */
const PACKAGE = '/run/lab/resolved'
const script = fileURLToPath(new URL('./resolved.sh', import.meta.url))
const wrapper = fileURLToPath(new URL('./with-resolv-conf.sh', import.meta.url))

/** `uplink`: the laptop's way home, whose router gives it a name server. */
export async function startResolved(namespace: string, home: string, uplink: { device: string; nameServer: string }) {
  if (!existsSync(PACKAGE)) cpSync(`${repository}/.tools/resolved`, PACKAGE, { recursive: true })
  const folder = `${home}/resolved`
  const bin = `${home}/bin`
  for (const one of [folder, bin]) mkdirSync(one, { recursive: true })
  const inside = ['netns', 'exec', namespace]
  const child: ChildProcess = spawn('ip', [...inside, 'bash', script, folder, PACKAGE], { stdio: 'ignore' })
  const libraries = `LD_LIBRARY_PATH=${PACKAGE}/usr/lib/x86_64-linux-gnu/systemd`
  const bus = `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${folder}/bus`
  writeFileSync(`${bin}/resolvectl`, `#!/bin/sh\nexec env ${libraries} ${bus} ${PACKAGE}/usr/bin/resolvectl "$@"\n`)
  chmodSync(`${bin}/resolvectl`, 0o755)
  const tell = (...words: string[]) => run('ip', [...inside, `${bin}/resolvectl`, ...words])
  const answers = () =>
    tell('dns', uplink.device, uplink.nameServer).then(
      () => true,
      () => false,
    )
  await until(`systemd-resolved on ${namespace}`, answers)
  const [stub, file] = [`${folder}/systemd/resolve/stub-resolv.conf`, `${home}/resolv.conf`]
  const pointTo = (target: string) => {
    rmSync(file, { force: true })
    symlinkSync(target, file)
  }
  pointTo(stub)
  return {
    bin,
    within: ['bash', wrapper, file],
    resolvConf: () => readFileSync(file, 'utf8'),
    replaceBy(server) {
      if (server === undefined) return pointTo(stub)
      writeFileSync(`${home}/plain-resolv.conf`, `nameserver ${server}\n`)
      pointTo(`${home}/plain-resolv.conf`)
    },
    stop: () => child.kill(),
  } satisfies Resolved
}
