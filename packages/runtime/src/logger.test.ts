import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

test('a line carries the names that GitLab uses, and never a credential', () => {
  const lines: string[] = []
  const log = createLogger({ service: 'x', instance: 'x-1', level: 'info' }, { write: (line) => void lines.push(line) })
  log.warn({ correlation_id: 'c', authorization: 'canary', headers: { authorization: 'canary' } }, 'said')
  log.debug('not said')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({
    severity: 'warn',
    message: 'said',
    correlation_id: 'c',
    service_name: 'penstock-x',
    instance: 'x-1',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(lines[0]).not.toContain('canary')
})
