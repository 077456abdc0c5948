import { createHash } from 'node:crypto'
import { featureByName } from '@penstock/features'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack, TestStackOptions } from '../stack/start-stack.ts'
import { usersMax } from './workloads/workload.ts'

/** The key of one of the bench's users, from the secret of the run. */
export const userKey = (secret: string, user: number): string => `${secret}-${user}`

/** Peers know no GitLab endpoint, so completions come through the OpenAI front: with the lane and the time limits of code completion. */
const completionSettings = () => {
  const defaults = featureByName('code-completion')?.defaults
  if (defaults === undefined) throw new Error('there is no feature code-completion')
  const { lane, firstByteMs, totalMs, queueMs } = defaults
  return { lane, firstByteMs, totalMs, ...(queueMs === undefined ? {} : { queueMs }) }
}

/** A whole Penstock whose front knows every user of the workloads by a key of their own, with completions in their lane. */
export const startBenchStack = (options: TestStackOptions): Promise<TestStack> => {
  const { configure, ...others } = options
  return startTestStack({
    ...others,
    configure(document, secret) {
      const keys = Array.from({ length: usersMax }, (_, user) => ({
        name: `user-${user}`,
        sha256: createHash('sha256').update(userKey(secret, user)).digest('hex'),
        domain: 'bench',
      }))
      const withUsers = {
        ...document,
        features: { ...document.features, 'openai-completion': completionSettings() },
        openai: { keys },
      }
      return configure?.(withUsers, secret) ?? withUsers
    },
  })
}
