import type { NodeSpec } from '../core/expand-nodes.ts'
import type { Backend } from './backend.ts'
import { BedrockBackend } from './bedrock/bedrock-backend.ts'
import { OpenAiBackend } from './openai-backend.ts'
import { azureDialect, plainDialect, vllmDialect } from './openai-dialect.ts'
import type { OpenAiDialect } from './openai-dialect.ts'

/** Reads a credential reference such as `env:NAME` or `file:/path`. */
export type ReadCredential = (reference: string) => string

/** The adapter for the kind of server that the configuration says a node is. Throws when a credential cannot be read. */
export const openBackend = (config: NodeSpec, readCredential: ReadCredential): Backend => {
  const credential = config.credential === undefined ? null : readCredential(config.credential)
  const speak = (dialect: OpenAiDialect): Backend =>
    new OpenAiBackend({ node: config.name, url: config.url, reach: config, credential, dialect })
  const { backend } = config
  switch (backend.kind) {
    case 'vllm':
      return speak(vllmDialect(config.profile))
    case 'openai':
      return speak(plainDialect(backend))
    case 'azure-openai':
      return speak(azureDialect(backend))
    case 'bedrock':
      return new BedrockBackend(
        { node: config.name, url: config.url, reach: config, backend, apiKey: credential },
        readCredential,
      )
  }
}
