import { fileURLToPath } from 'node:url'
import { type DeploySettings, readDeploySettings } from '../settings.ts'
import { addChecks, buildStacks, newApp } from '../stacks.ts'

/** What `cdk` runs: script/cdk deploy STACK … [-c settings=FILE] */
const app = newApp()
addChecks(app)
let settings: DeploySettings
try {
  settings = readDeploySettings(String(app.node.tryGetContext('settings') ?? 'settings.yaml'))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(64)
}
buildStacks(app, settings, fileURLToPath(new URL('../../dist/lambda', import.meta.url)))
app.synth()
