import { describe } from 'vitest'
import { guacamoleContract } from '../fixtures/guacamole/contract.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'

/**
 * The contract against somebody's real Guacamole, empty or used: it works under one group and removes what it made.
 * `ENCHILADA_TEST_GUACAMOLE_URL=… _USER=… _PASSWORD=… script/test guacamole`
 */
const url = process.env['ENCHILADA_TEST_GUACAMOLE_URL']
const userName = process.env['ENCHILADA_TEST_GUACAMOLE_USER'] ?? ''
const password = process.env['ENCHILADA_TEST_GUACAMOLE_PASSWORD'] ?? ''

describe.runIf(url !== undefined)('a real server', () => {
  guacamoleContract('by REST on a real server', () =>
    restStage({ url: url ?? '', userName, password }, `Enchilada test ${process.pid}`),
  )
})
