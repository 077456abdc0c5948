export type { Feature, FeatureAbout, FeatureDefaults, ModelTarget, RequestSize } from './feature.ts'
export { featureByName, featureNames, features } from './registry.ts'
export type { FeatureName } from './registry.ts'

export { parseModelMetadata } from './gitlab/model-metadata.ts'
export type { NamedModel, ParsedModelMetadata } from './gitlab/model-metadata.ts'
export { parseCodeCompletion } from './code-completion/request.ts'
export type { CodeCompletionRequest } from './code-completion/request.ts'
export { parseCodeEmbeddings } from './code-embeddings/request.ts'
export { parseCodeGeneration } from './code-generation/request.ts'
export { generationResponse } from './code-generation/response.ts'
export type { EditorBodyProblem } from './code-suggestions/editor-body.ts'
export { parseSuggestion } from './code-suggestions/request.ts'
export type { SuggestionRequest } from './code-suggestions/request.ts'
export { generationModel, suggestionEvents, suggestionResponse } from './code-suggestions/response.ts'
export type { SuggestionModel } from './code-suggestions/response.ts'
export { suggestionStream } from './code-suggestions/suggestion-stream.ts'
export { CodeCompletionInput } from './code-completion/input.ts'
export { cleanAnswer } from './code-suggestions/answer.ts'
export type { AnswerContext } from './code-suggestions/place.ts'
export { rewritten } from './answer/text-stream.ts'
export type { TextStream } from './answer/text-stream.ts'
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

export { promptFeatures } from './registry.ts'
export { isVersionConstraint, parseInputs, parsePromptRequest } from './prompt/request.ts'

export { readChatEvents } from './chat/event-reader.ts'
export type { ChatEventReader } from './chat/event-reader.ts'
export { errorEvent, eventLine } from './chat/events.ts'
export { missingContextScope, parseChat } from './chat/request.ts'
export type { ChatRequest } from './chat/request.ts'
export { toolsFor } from './chat/tools.ts'
export { legacyChatNames, legacyChatResponse, parseLegacyChat } from './legacy-chat/request.ts'
export { spelledDate } from './prompt/spelled-date.ts'
