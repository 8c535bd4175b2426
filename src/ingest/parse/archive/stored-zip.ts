/** A ZIP archive without compression: for parts that were rewritten and go to a library that takes nothing but a ZIP. */
import { crc32 } from 'node:zlib'

export function storedZip(files: Iterable<readonly [name: string, content: string]>): Buffer {
  const local: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of files) {
    const nameBytes = Buffer.from(name)
    const bytes = Buffer.from(content)
    const header = Buffer.alloc(26)
    header.writeUInt16LE(20, 0) // the version that is needed to unpack it
    header.writeUInt16LE(0x0800, 2) // names are UTF-8
    header.writeUInt32LE(crc32(bytes), 10)
    header.writeUInt32LE(bytes.length, 14)
    header.writeUInt32LE(bytes.length, 18)
    header.writeUInt16LE(nameBytes.length, 22)
    local.push(Buffer.from('PK\x03\x04', 'latin1'), header, nameBytes, bytes)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, place, nameBytes)
    offset += 4 + header.length + nameBytes.length + bytes.length
  }
  const directoryBytes = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length / 4, 4)
  end.writeUInt16LE(directory.length / 4, 6)
  end.writeUInt32LE(directoryBytes.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, directoryBytes, Buffer.from('PK\x05\x06', 'latin1'), end])
}
