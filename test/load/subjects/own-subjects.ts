import { testModel } from '../../stack/seed-config.ts'
import { userKey } from '../bench-stack.ts'
import type { SubjectKind } from './subject-kind.ts'

/** Straight to the nodes, one after the other: what everything else is measured against. */
export const direct: SubjectKind = {
  name: 'direct',
  summary: 'straight to the nodes in turn',
  async start({ stack }) {
    const [first, ...others] = stack.nodes.map(({ url }) => ({
      origin: new URL(url).origin,
      model: testModel.servedName,
      headers: () => ({}),
    }))
    if (first === undefined) throw new Error('there are no nodes')
    return { name: 'direct', version: 'no gateway', targets: [first, ...others], pids: () => new Map() }
  },
}

export const penstock: SubjectKind = {
  name: 'penstock',
  summary: 'its OpenAI front, with audit log, queue and claims; each user has a key',
  async start({ stack }) {
    const headers = (user: number) => ({ authorization: `Bearer ${userKey(stack.openAiKey, user)}` })
    return {
      name: 'penstock',
      version: 'this commit',
      targets: [{ origin: stack.apiUrl, model: testModel.name, headers }],
      pids: () => stack.pathPids(),
    }
  },
}
