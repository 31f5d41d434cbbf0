import { join } from 'node:path'
import { type AwsSession, writeSession } from '../../src/aws-login/session.ts'
import { sealedFiles } from '../../src/aws-login/store/sealed-file.ts'
import { Secret } from '../../src/kernel/secret.ts'

export const passphrase = 'correct horse battery staple'

/** As somebody has it on Linux who signed in a while ago. */
export async function keepSession(home: string, name: string): Promise<void> {
  const sessions = sealedFiles(join(home, '.local/share/enchilada/sessions'), async () => new Secret(passphrase))
  const kept: AwsSession = {
    ...{ v: 1, method: 'saml', region: 'eu-west-1', account: '111122223333', person: 'ada' },
    arn: 'arn:aws:sts::111122223333:assumed-role/Engineer/ada',
    expiresAt: Date.now() + 3_600_000,
    keys: new Secret({ accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token' }),
  }
  await sessions.save(name, writeSession(kept))
}
