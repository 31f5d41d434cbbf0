import { App } from 'aws-cdk-lib'
import { readDeploySettings } from '../settings.ts'
import { buildStacks } from '../stacks.ts'

const app = new App()
const file: unknown = app.node.tryGetContext('settings')
if (typeof file !== 'string') {
  console.error('name the settings: cdk deploy … -c settings=enchilada.deploy.json (deploy/README.md describes them)')
  process.exit(64)
}
try {
  buildStacks(app, readDeploySettings(file))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(64)
}
app.synth()
