export type { BackendConfig } from './backend.ts'
export type { DiscoverConfig } from './discover.ts'
export { ConfigDocument } from './document.ts'
export type {
  ConfigDocumentInput,
  FeatureConfig,
  GatewayConfig,
  ModelConfig,
  NodeConfig,
  PoolConfig,
  RoutingRule,
} from './document.ts'
export { normalizeEndpoint } from './endpoint-url.ts'
export { formatProblems, parseConfig } from './parse-yaml.ts'
export type { LocatedProblem, ParsedConfig } from './parse-yaml.ts'
export { connectConfigRedis } from './redis-connection.ts'
export { defaultModel, featureSettings, findModelByName, resolveModel } from './resolve.ts'
export type { FeatureKind, FeatureSettings, ModelMetadata, Resolution, ResolvedModel } from './resolve.ts'
export { seedConfig } from './seed.ts'
export type { Seeded } from './seed.ts'
export { ConfigStore } from './store.ts'
export type { Applied, ApplyOptions, ConfigHistoryEntry, ConfigSnapshot } from './store.ts'
export { ConfigStoreUnavailable, StoredConfigInvalid } from './store-errors.ts'
export { formatPath, validateDocument } from './validate.ts'
export type { ConfigPath, ConfigProblem, Validation } from './validate.ts'
export { watchConfig } from './watch.ts'
export type { ConfigWatch, ConfigWatchOptions, ConfigWatchProblem } from './watch.ts'
export { followConfig } from './follow.ts'
export type { FollowedConfig, FollowOptions } from './follow.ts'
