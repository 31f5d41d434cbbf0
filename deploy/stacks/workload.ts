import { Aws, CfnCondition, CfnParameter, CfnResource, Fn, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct, IConstruct } from 'constructs'
import { AccountRoles } from '../constructs/account-roles.ts'
import { EventSender } from '../constructs/event-sender.ts'
import { InstanceEvents } from '../constructs/instance-events.ts'
import type { ExternalId } from '../constructs/trusted-role.ts'
import { sharedBusArn } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

/**
 * What every account and region gets, by one template: its events go to the shared bus, and in the home region the roles of the account
 * are made. It carries no files, so that a stack set takes it as it is and no account is bootstrapped.
 */
export class WorkloadStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: an account whose instances can be opened', ...props })
    const atHome = Fn.conditionEquals(Aws.REGION, settings.homeRegion)
    const inShared = Fn.conditionEquals(Aws.ACCOUNT_ID, settings.sharedAccount)
    const home = new CfnCondition(this, 'HomeRegion', { expression: atHome })
    // There the events are on the shared bus already.
    const elsewhere = new CfnCondition(this, 'NotTheSharedBus', {
      expression: Fn.conditionNot(Fn.conditionAnd(atHome, inShared)),
    })
    onlyIf(home, new AccountRoles(this, 'Roles', { settings, externalId: this.#externalId() }))
    const sender = new EventSender(this, 'Events', sharedBusArn(settings))
    onlyIf(elsewhere, new InstanceEvents(this, 'Rules', sender.target))
    // The rules gave it its policy.
    onlyIf(elsewhere, sender)
  }

  #externalId(): ExternalId {
    const parameter = new CfnParameter(this, 'ExternalId', {
      default: '',
      allowedPattern: '([\\w+=,.@:/-]{2,1224})?',
      description: 'Of a customer outside the organisation: what the shared-services account must say to be let in',
    })
    const given = new CfnCondition(this, 'HasExternalId', {
      expression: Fn.conditionNot(Fn.conditionEquals(parameter, '')),
    })
    return { given, value: parameter.valueAsString }
  }
}

function onlyIf(condition: CfnCondition, part: IConstruct): void {
  for (const one of part.node.findAll()) if (CfnResource.isCfnResource(one)) one.cfnOptions.condition = condition
}
