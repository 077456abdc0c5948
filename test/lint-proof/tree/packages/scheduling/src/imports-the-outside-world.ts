import { connect } from '@nats-io/transport-node' // fails: eslint(no-restricted-imports)
import { Queue } from 'bullmq' // fails: eslint(no-restricted-imports)
import fastify from 'fastify' // fails: eslint(no-restricted-imports)
import { Redis } from 'ioredis' // fails: eslint(no-restricted-imports)
import { hash } from 'node:crypto' // fails: eslint(no-restricted-imports)
import { request } from 'undici' // fails: eslint(no-restricted-imports)

export const outside = [connect, Queue, fastify, Redis, hash, request]
