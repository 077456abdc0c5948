/** Preloaded into a peer that has no setting for its address: it listens on 127.0.0.1 alone. */
import { Server } from 'node:net'

const listen = Server.prototype.listen
Server.prototype.listen = function (...args) {
  const [first, ...rest] = args
  const callback = rest.find((argument) => typeof argument === 'function')
  const options = typeof first === 'object' && first !== null ? first : { port: Number(first) }
  return Reflect.apply(listen, this, [{ ...options, host: '127.0.0.1' }, ...(callback === undefined ? [] : [callback])])
}
