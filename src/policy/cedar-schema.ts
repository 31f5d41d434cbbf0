/**
 * What policies may speak of (Cedar schema, human-readable form). `Recording` is a session, live or over:
 * it carries the attributes of the instance it was on, so that it can still be judged when that is gone.
 */
export const cedarSchema = `
namespace Enchilada {
  entity Group;
  entity Person in [Group] = { "name": String };
  entity Fleet;
  entity Instance = {
    "tenant": String,
    "account": String,
    "region": String,
    "group": String,
    "protocol": String,
  } tags String;
  entity Recording = {
    "tenant": String,
    "account": String,
    "region": String,
    "group": String,
    "protocol": String,
    "owner": Person,
  } tags String;

  type Circumstances = { "mfa": Bool };

  action "list", "connect" appliesTo { principal: Person, resource: Instance, context: Circumstances };
  action "watch", "play", "end" appliesTo { principal: Person, resource: Recording, context: Circumstances };
  action "administer", "audit" appliesTo { principal: Person, resource: Fleet, context: Circumstances };
}
`
