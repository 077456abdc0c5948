import { AuditUnavailable } from '@penstock/audit-chain'
import type { AuditEntry, AuditLog } from '@penstock/audit-chain'
import { RequestId } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { trailOn } from './audit-trail.ts'

const request = RequestId.parse('0'.repeat(32))
const other = RequestId.parse('1'.repeat(32))

/** A log on a disk that takes nothing while `full`. */
const logOn = (disk: { full: boolean }): { log: AuditLog; written: string[] } => {
  const written: string[] = []
  const append = ({ type, requestId }: AuditEntry): Promise<unknown> => {
    if (disk.full) return Promise.reject(new AuditUnavailable('disk', 'no room'))
    written.push(`${type} ${requestId.slice(0, 1)}`)
    return Promise.resolve({})
  }
  return { log: { append, reserve: () => true, release: () => undefined } as unknown as AuditLog, written }
}

test('a request whose acceptance the disk refused has no end on record, however late its end is asked for', async () => {
  const disk = { full: true }
  const { log, written } = logOn(disk)
  const trail = trailOn(log)
  await expect(trail.record('request.accepted', request, 'c', {})).rejects.toThrow('no room')
  disk.full = false
  await trail.record('response.failed', request, 'c', {})
  await trail.record('request.accepted', other, 'c', {})
  await trail.record('response.completed', other, 'c', {})
  expect(written).toEqual(['request.accepted 1', 'response.completed 1'])
})

test('an end that the disk refuses is written once it takes it', async () => {
  const disk = { full: false }
  const { log, written } = logOn(disk)
  const trail = trailOn(log)
  await trail.record('request.accepted', request, 'c', {})
  disk.full = true
  const ended = trail.record('response.completed', request, 'c', {})
  disk.full = false
  await ended
  expect(written).toEqual(['request.accepted 0', 'response.completed 0'])
})
