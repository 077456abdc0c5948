import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { chmod, mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, replaceFile } from './durable-file.ts'

/** Signs checkpoints. Ed25519. */
export interface SigningKey {
  readonly keyId: string
  /** Base64 of the signature over the text in UTF-8. */
  readonly sign: (text: string) => string
}

/** Name of a public key: the first 16 hex digits of the SHA-256 of its SPKI form. */
export const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)

/** Whether the text was signed with the private half. */
export const isSignedBy = (publicKey: KeyObject, text: string, signature: string): boolean =>
  verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'))

/**
 * The key of an archive: the given one, else `keys/signing-key.pem`, made at the first start (mode 0600). The public half
 * lies beside it as `<keyId>.pub.pem`; a copy kept elsewhere is what makes a verification independent of this folder.
 */
export const loadSigningKey = async (archiveDir: string, given?: KeyObject): Promise<SigningKey> => {
  const dir = join(archiveDir, 'keys')
  await mkdir(dir, { recursive: true, mode: 0o755 })
  const privateKey = given ?? (await storedKey(join(dir, 'signing-key.pem')))
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the signing key must be an Ed25519 private key')
  const publicKey = createPublicKey(privateKey)
  const keyId = keyIdOf(publicKey)
  await replaceFile(join(dir, `${keyId}.pub.pem`), publicKey.export({ type: 'spki', format: 'pem' }), 0o644)
  return { keyId, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') }
}

/** The public keys that lie in an archive, by key id. */
export const archivedPublicKeys = async (archiveDir: string): Promise<Map<string, KeyObject>> => {
  const dir = join(archiveDir, 'keys')
  const names = (await readdir(dir)).filter((name) => name.endsWith('.pub.pem'))
  const keys = await Promise.all(names.map(async (name) => createPublicKey(await readFile(join(dir, name)))))
  return new Map(keys.map((key) => [keyIdOf(key), key]))
}

const storedKey = async (path: string): Promise<KeyObject> => {
  try {
    const key = createPrivateKey(await readFile(path))
    await chmod(path, 0o600)
    return key
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  await replaceFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  return privateKey
}
