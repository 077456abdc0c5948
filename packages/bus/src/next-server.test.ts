import { expect, test } from 'vitest'
import { nextServer } from './next-server.ts'

const pool = (...names: string[]) =>
  names.map((listen) => ({
    listen,
    hostname: listen,
    port: 4222,
    src: listen,
    tlsName: '',
    reconnects: 0,
    lastConnect: 0,
    gossiped: false,
    didConnect: false,
  }))

const listenOf = (choice: ReturnType<ReturnType<typeof nextServer>>) =>
  choice !== null && 'listen' in choice ? choice.listen : null

test('whoever was lost is tried again only after all others', () => {
  const choose = nextServer()
  const servers = pool('a', 'b', 'c')
  expect(['first', 'second', 'third', 'again'].map(() => listenOf(choose(servers, null)))).toEqual(['a', 'b', 'c', 'a'])
})

test('a server that joined later is tried before those that were lost', () => {
  const choose = nextServer()
  choose(pool('a'), null)
  expect(listenOf(choose(pool('a', 'b'), null))).toBe('b')
})

test('the only server is tried again, and an empty pool is left to the library', () => {
  const choose = nextServer()
  expect([choose(pool('a'), null), choose(pool('a'), null)].map(listenOf)).toEqual(['a', 'a'])
  expect(choose([], null)).toBeNull()
})
