import type { ConfigSnapshot, GatewayConfig } from '@penstock/config'
import type { Intake, RequestDesk } from '../core/intake.ts'

/** Thrown instead of an answer: the configuration sends this feature to a vendor's gateway. */
export class Elsewhere extends Error {
  readonly intake: Intake
  readonly gateway: GatewayConfig

  constructor(intake: Intake, gateway: GatewayConfig) {
    super(`feature ${intake.feature} is answered by gateway ${gateway.name}`)
    this.name = 'Elsewhere'
    this.intake = intake
    this.gateway = gateway
  }
}

/** Features that leave the domain, with the gateway that answers each. */
export const leavingFeatures = (snapshot: ConfigSnapshot | null): { feature: string; gateway: string }[] =>
  Object.entries(snapshot?.document.features ?? {}).flatMap(([feature, { gateway }]) =>
    gateway === undefined ? [] : [{ feature, gateway }],
  )

/**
 * A desk that keeps what the configuration sends elsewhere. It stands where every handler asks, so a request that leaves was
 * authenticated, authorised and validated like any other.
 */
export const deskOrElsewhere = (desk: RequestDesk, config: () => ConfigSnapshot | null): RequestDesk => ({
  async ask(intake, clientGone) {
    const document = config()?.document
    const name = document?.features[intake.feature]?.gateway
    const gateway = name === undefined ? undefined : document?.gateways.find((each) => each.name === name)
    if (gateway !== undefined) throw new Elsewhere(intake, gateway)
    return desk.ask(intake, clientGone)
  },
})
