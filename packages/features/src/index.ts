export type { Feature, FeatureAbout, FeatureDefaults, ModelTarget, RequestSize } from './feature.ts'
export { featureByName, features } from './registry.ts'
export type { FeatureName } from './registry.ts'

export { parseModelMetadata } from './gitlab/model-metadata.ts'
export type { NamedModel, ParsedModelMetadata } from './gitlab/model-metadata.ts'
export { parseCodeCompletion } from './code-completion/request.ts'
export type { CodeCompletionProblem, CodeCompletionRequest, ParsedCodeCompletion } from './code-completion/request.ts'
export { CodeCompletionInput } from './code-completion/input.ts'
export { cleanAnswer } from './code-completion/answer.ts'
export type { AnswerContext } from './code-completion/answer.ts'
export { underscoreStream } from './code-completion/unescape-underscores.ts'
export type { TextStream } from './code-completion/unescape-underscores.ts'
export { completionResponse } from './code-completion/response.ts'
export type { CompletionAnswer } from './code-completion/response.ts'

export type { AnswerEnvelope, AnswerFinish } from './openai/envelope.ts'
export type { ParsedOpenAi } from './openai/parsed.ts'
export type { OpenAiProblem } from './openai/problem.ts'
export { OpenAiChatInput, parseOpenAiChat } from './openai-chat/request.ts'
export {
  chatCompletion,
  chatFinishChunk,
  chatPartChunk,
  chatRoleChunk,
  chatUsageChunk,
} from './openai-chat/response.ts'
export type { ChatAnswer, ChatPart } from './openai-chat/response.ts'
export { OpenAiCompletionInput, parseOpenAiCompletion } from './openai-completion/request.ts'
export { textCompletion, textFinishChunk, textPartChunk, textUsageChunk } from './openai-completion/response.ts'
export type { TextAnswer } from './openai-completion/response.ts'
