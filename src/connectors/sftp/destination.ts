// The SFTP client stands in the kit, since Adobe Campaign's storage is an SFTP server, too.
export { type SftpOptions, sftp } from '../kit/sftp/destination'
