import { type IStackSynthesizer, type ISynthesisSession, StackSynthesizer } from 'aws-cdk-lib'

/** The library's BootstraplessSynthesizer still wants the roles that `cdk bootstrap` makes; this one wants nothing. */
class WithoutBootstrap extends StackSynthesizer {
  readonly #role: string | undefined

  constructor(role: string | undefined) {
    super()
    this.#role = role
  }

  override synthesize(session: ISynthesisSession): void {
    this.synthesizeTemplate(session)
    // The command line fills account and partition in.
    const role = this.#role && `arn:\${AWS::Partition}:iam::${this.boundStack.account}:role/${this.#role}`
    this.emitArtifact(session, role ? { assumeRoleArn: role } : {})
  }

  override addFileAsset(): never {
    throw new Error('a stack without bootstrap carries no files')
  }

  override addDockerImageAsset(): never {
    throw new Error('a stack without bootstrap carries no images')
  }
}

/** Deploys the template itself, as the caller or through a role of the account by that name. */
export const withoutBootstrap = (role?: string): IStackSynthesizer =>
  // aws-cdk-lib is not compiled with exactOptionalPropertyTypes: its class and its interface differ by an `undefined`.
  new WithoutBootstrap(role) as IStackSynthesizer
