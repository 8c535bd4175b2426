// Holds the lock of the data directory named by its argument until it is killed.
import { lockFolder } from '../../dist/store/folder-lock.js'

await lockFolder(process.argv[2])
process.send('locked')
setInterval(() => {}, 1000)
