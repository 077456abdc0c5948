import { describe, expect, it } from 'vitest'
import { loadConfig } from './config.ts'

const base = { PENSTOCK_AUDIT_DIR: '/var/lib/penstock' }

describe('the environment of GitLab’s own image', () => {
  it('is understood where it means the same; names of ours win', () => {
    const config = loadConfig({
      ...base,
      AIGW_FASTAPI__API_HOST: '127.0.0.1',
      AIGW_FASTAPI__API_PORT: '6000',
      AIGW_FASTAPI__METRICS_PORT: '6001',
      PENSTOCK_METRICS_PORT: '6002',
      AIGW_LOGGING__LEVEL: 'WARNING',
      AIGW_CUSTOMER_PORTAL_URL: '',
      https_proxy: 'http://proxy:3128',
      AIGW_GITLAB_API_URL: 'https://gitlab.example.test/api/v4/',
      AIGW_FASTAPI__DOCS_URL: '/docs',
    })
    expect(config).toMatchObject({
      PENSTOCK_API_HOST: '127.0.0.1',
      PENSTOCK_API_PORT: 6000,
      PENSTOCK_METRICS_PORT: 6002,
      PENSTOCK_LOG_LEVEL: 'warn',
      AIGW_CUSTOMER_PORTAL_URL: 'none',
      HTTPS_PROXY: 'http://proxy:3128',
      hints: [],
    })
  })

  it.each(['AIGW_AUTH__BYPASS_EXTERNAL', 'AIGW_AUTH__BYPASS_EXTERNAL_WITH_HEADER', 'AIGW_AUTH__BYPASS_JWT_SIGNATURE'])(
    '%s stops the start with a line that says why',
    (name) => {
      for (const value of ['true', '1', 'YES', 'on'])
        expect(() => loadConfig({ ...base, [name]: value })).toThrow(
          `${name} is set: Penstock never turns authentication off.`,
        )
      expect(loadConfig({ ...base, [name]: 'false' }).hints).toEqual([])
    },
  )

  it('names what has no effect here', () => {
    const { hints } = loadConfig({ ...base, AIGW_CUSTOM_MODELS__DISABLE_STREAMING: 'true', WEB_CONCURRENCY: '4' })
    expect(hints).toEqual([
      expect.stringMatching(/^AIGW_CUSTOM_MODELS__DISABLE_STREAMING has no effect: .*stream: false/),
      expect.stringMatching(/^WEB_CONCURRENCY has no effect: start more replicas/),
    ])
  })
})

describe('TLS on the API port', () => {
  const files = { AIGW_FASTAPI__TLS__CERT_FILE: '/c.pem', AIGW_FASTAPI__TLS__KEY_FILE: '/k.pem' }

  it('is on when the image’s switch is, with its files', () => {
    expect(loadConfig({ ...base, ...files }).PENSTOCK_TLS_CERT_FILE).toBeUndefined()
    expect(loadConfig({ ...base, ...files, AIGW_FASTAPI__TLS__ENABLED: 'true' })).toMatchObject({
      PENSTOCK_TLS_CERT_FILE: '/c.pem',
      PENSTOCK_TLS_KEY_FILE: '/k.pem',
    })
  })

  it('needs certificate and key', () => {
    expect(() => loadConfig({ ...base, AIGW_FASTAPI__TLS__ENABLED: 'yes' })).toThrow(
      'AIGW_FASTAPI__TLS__CERT_FILE must',
    )
    expect(() => loadConfig({ ...base, PENSTOCK_TLS_CERT_FILE: '/c.pem' })).toThrow('must be set together')
  })
})
