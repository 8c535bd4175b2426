// Holds the lock of the data directory named by its argument until it is killed.
import { lockDataDirectory } from '../../dist/store/data-lock.js'

await lockDataDirectory(process.argv[2])
process.send('locked')
setInterval(() => {}, 1000)
