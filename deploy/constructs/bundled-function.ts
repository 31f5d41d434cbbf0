import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RemovalPolicy } from 'aws-cdk-lib'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, type FunctionProps, Function as LambdaFn, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

export type BundledFunctionProps = Omit<FunctionProps, 'runtime' | 'handler' | 'logGroup' | 'code' | 'role'> & {
  role: IRole
  /** Folder with a bundle for each function. */
  bundles: string
  bundle: string
}

/** A function of ours, as `npm run build` bundled it, with a log group that outlives it. */
export function bundledFunction(
  scope: Construct,
  id: string,
  { bundles, bundle, ...props }: BundledFunctionProps,
): LambdaFn {
  const folder = join(bundles, bundle)
  if (!existsSync(folder)) throw new Error(`there is no ${folder}: npm run build makes it`)
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
  })
  const fn = new LambdaFn(scope, id, {
    ...props,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(folder),
    logGroup,
  })
  logGroup.grantWrite(fn)
  return fn
}
