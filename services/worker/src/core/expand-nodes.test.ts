import { ConfigDocument } from '@penstock/config'
import { expect, test } from 'vitest'
import { expandNodes } from './expand-nodes.ts'

const { nodes } = ConfigDocument.parse({
  nodes: [
    { name: 'gpu-1', url: 'http://gpu-1:8000/v1' },
    { name: 'coder', url: 'http://coder.gpu.svc:8000/v1', inFlightMax: 8, discover: { kind: 'dns-address' } },
  ],
  pools: [],
  models: [],
})

test('an entry with discovery is as many nodes as its name has addresses, each with its settings and a name that tells where it is', () => {
  const addresses = new Map([
    [
      'coder',
      [
        { ip: '10.0.0.5', port: 8000 },
        { ip: 'fd00::5', port: 80 },
      ],
    ],
  ])
  expect(expandNodes(nodes, addresses)).toMatchObject([
    { name: 'gpu-1', source: 'gpu-1', url: 'http://gpu-1:8000/v1', address: null, inFlightMax: 64 },
    { name: 'coder@10.0.0.5:8000', source: 'coder', url: 'http://coder.gpu.svc:8000/v1', inFlightMax: 8 },
    { name: 'coder@[fd00::5]:80', url: 'http://coder.gpu.svc/v1', address: { ip: 'fd00::5' } },
  ])
})

test('an entry of which DNS has told nothing yet is no node', () => {
  expect(expandNodes(nodes, new Map()).map(({ name }) => name)).toEqual(['gpu-1'])
})
