import { defineDeployment } from '../src/plugin/deployment'

// After a change: npm run generate, which writes ext.config.yaml, and then a deployment.
export default defineDeployment({
  alarms: {
    'export-batch': { minutes: 10 },
    reconcile: { minutes: 10 },
  },
  // Where the usual limits of an action do not fit, such as generic: { memorySize: 512 }.
  limits: {},
  // Authors that are not AEM as a Cloud Service, such as ['dam.example.com']. Each of them may get a token.
  authorHosts: [],
})
