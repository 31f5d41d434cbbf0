import { once } from 'node:events'
import { createServer } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, makeAuthority } from '../../../../test/fixtures/authority.ts'
import { freePort } from '../../../../test/fixtures/free-port.ts'
import { startMariadb } from '../../../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../../../test/fixtures/postgres.ts'
import { Secret } from '../../../kernel/secret.ts'
import { type GuacamoleDatabase, openMysqlDatabase, openPostgresDatabase } from './open-database.ts'

const engines = {
  PostgreSQL: {
    ...{ start: startPostgres, open: openPostgresDatabase, without: 'sslmode=disable' },
    cipher: sql<{ cipher: string }>`select cipher from pg_stat_ssl where pid = pg_backend_pid()`,
  },
  MariaDB: {
    ...{ start: startMariadb, open: openMysqlDatabase, without: 'ssl=false' },
    cipher: sql<{ cipher: string }>`
      select variable_value as cipher from information_schema.session_status where variable_name = 'ssl_cipher'`,
  },
}

let ours: Authority
let another: Authority
beforeAll(async () => {
  ;[ours, another] = await Promise.all([makeAuthority('our authority'), makeAuthority('another authority')])
})

describe.each(Object.entries(engines))('TLS to %s', (_name, { start, open, without, cipher }) => {
  let server: Awaited<ReturnType<typeof start>>
  let elsewhere: typeof server
  beforeAll(async () => {
    const named = (host: string) => ours.issue(host).then((tls) => start({ tls }))
    ;[server, elsewhere] = await Promise.all([named('localhost'), named('db.example')])
  }, 60_000)
  afterAll(() => Promise.all([server.stop(), elsewhere.stop()]))

  const opened = async (at: typeof server, ca: string | undefined, query = '') => {
    const url = new URL(at.url)
    url.hostname = 'localhost'
    url.search = query
    return open(new Secret(url.href), ca === undefined ? {} : { ca: new Secret(ca) })
  }
  const refusal = async (database: GuacamoleDatabase) => {
    const look = database.db.selectFrom('guacamole_entity').select('name').execute()
    const codes = [database.alone(async () => 'written'), look].map((work) =>
      work.then(
        () => 'reached',
        (error) => error.code,
      ),
    )
    return Promise.all(codes).finally(() => database.close())
  }
  const cipherOf = async (database: GuacamoleDatabase) => {
    const told = await database.alone(({ trx }) => cipher.execute(trx)).finally(() => database.close())
    return told.rows[0]?.cipher || undefined
  }

  test('the authority that is named vouches for the server, whatever the URL says', async () => {
    expect(await cipherOf(await opened(server, undefined, without))).toBeUndefined()
    for (const query of ['', without]) {
      expect(await cipherOf(await opened(server, ours.certificate, query))).toMatch(/AES|CHACHA/)
    }
  })

  test('another authority, or another name, is refused with a code before anything is sent', async () => {
    expect(await refusal(await opened(server, another.certificate))).toEqual(Array(2).fill('GUACAMOLE_TLS_REFUSED'))
    expect(await refusal(await opened(elsewhere, ours.certificate))).toEqual(Array(2).fill('GUACAMOLE_TLS_REFUSED'))
  })

  test('what is no certificate is refused before anybody is called', async () => {
    await expect(opened(server, 'our authority')).rejects.toMatchObject({ code: 'GUACAMOLE_CA_INVALID' })
  })
})

test('a server without TLS is refused with the same code', async () => {
  // PostgreSQL's answer to SSLRequest (Protocol, "SSL Session Encryption").
  const plain = createServer((socket) => socket.once('data', () => socket.write('N')))
  const port = await freePort()
  await once(plain.listen(port, '127.0.0.1'), 'listening')
  const database = await openPostgresDatabase(new Secret(`postgres://enchilada@127.0.0.1:${port}/any`), {
    ca: new Secret(ours.certificate),
  })
  await expect(database.alone(async () => 'written')).rejects.toMatchObject({ code: 'GUACAMOLE_TLS_REFUSED' })
  await database.close()
  plain.close()
})
