import {
  cleanAnswer,
  features,
  generationModel,
  generationResponse,
  parseCodeGeneration,
  suggestionStream,
} from '@penstock/features'
import { isFamily } from '@penstock/models'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { bodyProblem, callerOf, collectText, forbidden, isTidied, streamRaw } from './code-answer.ts'
import { enabledFeatureFlags } from './request-headers.ts'

const feature = features['code-generation']

/** `POST /v2/code/generations`, which GitLab before 17.6 asks. */
export const codeGenerations =
  (dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const principal = callerOf(exchange)
    if (!principal.scopes.has('generate_code') || principal.gatewayIssued) return forbidden('code generations')
    const parsed = parseCodeGeneration(await exchange.readJson())
    if (!parsed.ok) return bodyProblem(parsed.problem, exchange)
    const { input, model, stream, lang } = parsed.request
    const reasoning = stream ? 'told' : 'hidden'
    const asked = { input, model, principal: principal.digest, whole: !stream, reasoning } as const
    const answer = await dependencies.desk.ask(intakeOf(feature, asked, exchange, dependencies), exchange.clientGone)
    const family = isFamily(answer.accepted.family) ? answer.accepted.family : 'general'
    const context = { family, prefix: input.above, suffix: input.below, fileName: input.fileName, wholeLines: true }
    const tidy = isTidied(feature.name, dependencies.config())
    if (stream) {
      await streamRaw(exchange, answer, suggestionStream(context, { eager: false, tidy }))
      return null
    }
    const { text } = await collectText(answer)
    const code = cleanAnswer(text, context, tidy)
    return jsonAnswer(
      200,
      generationResponse({
        text: input.messages === null ? code : onOwnLine(code, input.above),
        model: { ...generationModel, lang },
        nowMs: dependencies.now(),
        enabledFeatureFlags: enabledFeatureFlags(exchange.headers),
      }),
    )
  }

/** Clients that write their own prompt expect the code to begin on a line of its own (contract http §8.8.2). */
const onOwnLine = (code: string, above: string): string =>
  code === '' || above.endsWith('\n') || code.startsWith('\n') ? code : `\n${code}`
