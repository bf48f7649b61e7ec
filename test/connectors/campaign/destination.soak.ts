import { describeDestination } from '../kit/conformance'
import { campaignAtPlainServer } from './bench'

// In the suite a trigger is checked at OpenSSH, and a server without extensions by sftp.
describeDestination(campaignAtPlainServer())
describeDestination(campaignAtPlainServer({ trigger: '*.done' }))
