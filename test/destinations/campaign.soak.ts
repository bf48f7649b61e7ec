import { campaignAtPlainServer } from './campaign-bench'
import { describeDestination } from './conformance'

// In the suite a trigger is checked at OpenSSH, and a server without extensions by sftp.
describeDestination(campaignAtPlainServer())
describeDestination(campaignAtPlainServer({ trigger: '*.done' }))
