/**
 * An endpoint in the one spelling in which endpoints are compared: scheme and host in lower case, no default port, no
 * trailing slash. Null for what no node can be: not absolute http(s), or with credentials, a query or a fragment.
 */
export function normalizeEndpoint(text: string): string | null {
  // The URL parser drops tabs and line breaks and turns backslashes: such a text is not the URL it would become.
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null
  return url.origin + url.pathname.replace(/\/+$/, '')
}
