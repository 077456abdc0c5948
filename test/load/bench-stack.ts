import { createHash } from 'node:crypto'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack, TestStackOptions } from '../stack/start-stack.ts'
import { usersMax } from './workloads/workload.ts'

/** The key of one of the bench's users, from the secret of the run. */
export const userKey = (secret: string, user: number): string => `${secret}-${user}`

/** A whole Penstock whose front knows every user of the workloads by a key of their own, with completions in their lane. */
export const startBenchStack = (options: TestStackOptions): Promise<TestStack> => {
  const { configure, ...others } = options
  return startTestStack({
    ...others,
    configure(document, secret) {
      const keys = Array.from({ length: usersMax }, (_, user) => ({
        name: `user-${user}`,
        sha256: createHash('sha256').update(userKey(secret, user)).digest('hex'),
      }))
      const withUsers = {
        ...document,
        features: { ...document.features, 'openai-completion': { lane: 'completion' as const } },
        openai: { keys },
      }
      return configure?.(withUsers, secret) ?? withUsers
    },
  })
}
