import { buildReader } from './build-reader/feature.ts'
import { chat } from './chat/feature.ts'
import { anthropicMessages } from './anthropic-messages/feature.ts'
import { codeCompletion } from './code-completion/feature.ts'
import { codeEmbeddings, codeEmbeddingSearch } from './code-embeddings/feature.ts'
import { codeGeneration } from './code-generation/feature.ts'
import { codeReview } from './code-review/feature.ts'
import { commentTemperature } from './comment-temperature/feature.ts'
import { commitMessage } from './commit-message/feature.ts'
import { commitReader } from './commit-reader/feature.ts'
import { connectionTest } from './connection-test/feature.ts'
import { discussionSummary } from './discussion-summary/feature.ts'
import { documentationAnswer } from './documentation-answer/feature.ts'
import { epicReader } from './epic-reader/feature.ts'
import { explainCode } from './explain-code/feature.ts'
import { explainVulnerability } from './explain-vulnerability/feature.ts'
import { featureDiscovery } from './feature-discovery/feature.ts'
import type { Feature } from './feature.ts'
import { fixCode } from './fix-code/feature.ts'
import { gitCommand } from './git-command/feature.ts'
import { issueDescription } from './issue-description/feature.ts'
import { issueReader } from './issue-reader/feature.ts'
import { legacyChat } from './legacy-chat/feature.ts'
import { mentionIntent } from './mention-intent/feature.ts'
import { mergeRequestReader } from './merge-request-reader/feature.ts'
import { mergeRequestSummary } from './merge-request-summary/feature.ts'
import { openAiChat } from './openai-chat/feature.ts'
import { openAiEmbeddings } from './openai-embeddings/feature.ts'
import { openAiCompletion } from './openai-completion/feature.ts'
import type { PromptFeature } from './prompt/prompt-feature.ts'
import { questionCategory } from './question-category/feature.ts'
import { refactorCode } from './refactor-code/feature.ts'
import { reviewSummary } from './review-summary/feature.ts'
import { sessionSummary } from './session-summary/feature.ts'
import { sessionTitle } from './session-title/feature.ts'
import { troubleshootJob } from './troubleshoot-job/feature.ts'
import { vulnerabilityResolution } from './vulnerability-resolution/feature.ts'
import { workItemReader } from './work-item-reader/feature.ts'
import { writeTests } from './write-tests/feature.ts'
import { openAiResponses } from './openai-responses/feature.ts'

/** Every feature Penstock serves. Adding one is adding a folder and a line here. */
export const features = {
  'build-reader': buildReader,
  chat,
  'code-completion': codeCompletion,
  'code-embedding-search': codeEmbeddingSearch,
  'code-embeddings': codeEmbeddings,
  'code-generation': codeGeneration,
  'code-review': codeReview,
  'comment-temperature': commentTemperature,
  'commit-message': commitMessage,
  'commit-reader': commitReader,
  'connection-test': connectionTest,
  'discussion-summary': discussionSummary,
  'documentation-answer': documentationAnswer,
  'epic-reader': epicReader,
  'explain-code': explainCode,
  'explain-vulnerability': explainVulnerability,
  'feature-discovery': featureDiscovery,
  'fix-code': fixCode,
  'git-command': gitCommand,
  'issue-description': issueDescription,
  'issue-reader': issueReader,
  'legacy-chat': legacyChat,
  'mention-intent': mentionIntent,
  'merge-request-reader': mergeRequestReader,
  'merge-request-summary': mergeRequestSummary,
  'openai-chat': openAiChat,
  'openai-completion': openAiCompletion,
  'openai-embeddings': openAiEmbeddings,
  'question-category': questionCategory,
  'refactor-code': refactorCode,
  'review-summary': reviewSummary,
  'session-summary': sessionSummary,
  'session-title': sessionTitle,
  'troubleshoot-job': troubleshootJob,
  'vulnerability-resolution': vulnerabilityResolution,
  'work-item-reader': workItemReader,
  'write-tests': writeTests,
  'openai-responses': openAiResponses,
  'anthropic-messages': anthropicMessages,
} as const

export type FeatureName = keyof typeof features

export const featureNames = Object.keys(features) as readonly FeatureName[]

/** The feature of that name, for jobs that arrive with a name; undefined when this version does not know it. */
export function featureByName(name: string): Feature<unknown> | undefined {
  return Object.hasOwn(features, name) ? features[name as FeatureName] : undefined
}

/** Features behind GitLab's prompt endpoints, by prompt id. */
export const promptFeatures: ReadonlyMap<string, PromptFeature<unknown>> = new Map(
  Object.values<Feature<unknown>>(features).flatMap((feature) =>
    isPromptFeature(feature) ? [[feature.promptId, feature] as const] : [],
  ),
)

function isPromptFeature(feature: Feature<unknown>): feature is PromptFeature<unknown> {
  return 'promptId' in feature
}
