import type { ReconnectToServerHandler } from '@nats-io/transport-node'

/**
 * Chooses the server to connect to: the one that was chosen longest ago. The library would first try the one it lost, and one
 * that is frozen accepts connections and says nothing: that cost the whole time limit of a connection before another was tried.
 */
export const nextServer = (): ReconnectToServerHandler => {
  const chosen = new Map<string, number>()
  let choices = 0
  return (servers) => {
    const [next] = servers.toSorted((a, b) => (chosen.get(a.listen) ?? 0) - (chosen.get(b.listen) ?? 0))
    if (next === undefined) return null
    chosen.set(next.listen, (choices += 1))
    return next
  }
}
