import { normalizeEndpoint } from '@penstock/config'
import type { ConfigDocument, NodeConfig, PoolConfig } from '@penstock/config'

export type Mode = PoolConfig['mode']

/** A document with one mode changed; `was` equals the mode when there is nothing to change. */
export type ModeChange =
  | {
      readonly kind: 'changed'
      readonly document: ConfigDocument
      readonly was: Mode
      readonly what: string
      readonly hint?: string
    }
  | { readonly kind: 'unknown'; readonly message: string }

export const changePoolMode = (document: ConfigDocument, name: string, mode: Mode): ModeChange => {
  const pool = document.pools.find((each) => each.name === name)
  if (pool === undefined) return noPool(document, name)
  return {
    kind: 'changed',
    was: pool.mode,
    what: `pool ${name}`,
    document: { ...document, pools: document.pools.map((each) => (each === pool ? { ...each, mode } : each)) },
  }
}

/** `wanted`: the node's URL, in any spelling of it, or its name. The mode is the node's in every pool that has it. */
export const changeNodeMode = (document: ConfigDocument, poolName: string, wanted: string, mode: Mode): ModeChange => {
  const pool = document.pools.find((each) => each.name === poolName)
  if (pool === undefined) return noPool(document, poolName)
  const nodes = document.nodes.filter(({ name }) => pool.nodes.includes(name))
  const url = normalizeEndpoint(wanted)
  const node = nodes.find((each) => each.name === wanted || (url !== null && each.url === url))
  if (node === undefined) return { kind: 'unknown', message: noNode(poolName, nodes, wanted) }
  const others = document.pools.flatMap(({ name, nodes: its }) =>
    name !== poolName && its.includes(node.name) ? name : [],
  )
  return {
    kind: 'changed',
    was: node.mode,
    what: `node ${node.name} (${node.url})`,
    document: { ...document, nodes: document.nodes.map((each) => (each === node ? { ...each, mode } : each)) },
    ...(others.length === 0 ? {} : { hint: `it serves ${others.join(', ')} too` }),
  }
}

const noPool = ({ pools }: ConfigDocument, name: string): ModeChange => ({
  kind: 'unknown',
  message: `no pool is named "${name}": there is ${pools.map((pool) => pool.name).join(', ') || 'none'}`,
})

const noNode = (pool: string, nodes: readonly NodeConfig[], wanted: string): string => {
  const found = nodes.flatMap(({ name, discover }) => (discover === undefined ? [] : name))
  const there = nodes.map(({ name, url }) => `${name} (${url})`).join(', ')
  const hint =
    found.length === 0
      ? ''
      : `; ${found.join(', ')} stands for all that DNS names: a single one drains when it leaves its service there`
  return `pool ${pool} has no node "${wanted}": it has ${there}${hint}`
}
