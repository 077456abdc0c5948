/**
 * The path a request is routed by: decoded (GitLab sends `%2F` inside some paths), without query, without the duplicate leading
 * slashes that an admin's trailing slash causes, and without the prefix `/ai` of GitLab's cloud. Anything odd is encoded again, so
 * that nothing after this reads it in another way.
 */
export const pathOf = (target: string): string => {
  const decoded = decode(withoutOrigin(target).split(/[?#]/, 1)[0] ?? '')
  const path = `/${decoded.replace(/^\/+/, '')}`
  const unprefixed = path.startsWith('/ai/') ? path.slice('/ai'.length) : path === '/ai' ? '/' : path
  return unprefixed.replace(/[^\w/.:~-]+/g, encodeURIComponent)
}

/** Proxies may send a whole URL. */
const withoutOrigin = (target: string): string => target.replace(/^https?:\/\/[^/]*/i, '')

/** What is no valid encoding stays as it is: it matches no route. */
const decode = (path: string): string => {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
