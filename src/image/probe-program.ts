// A program that does nothing, for each processor: to build with it shows whether an engine runs such programs.

interface Processor {
  /** The number of the processor in an ELF header. @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly isBigEndian?: boolean;
  readonly flags?: number;
  /** The call of Linux that ends the program with 0, as bytes in hexadecimal. */
  readonly code: string;
}

/** By platform, as docker writes it. */
const processors: Readonly<Record<string, Processor>> = {
  'linux/amd64': {machine: 62, bits: 64, code: 'b83c00000031ff0f05'},
  'linux/arm64': {machine: 183, bits: 64, code: 'a80b80d2000080d2010000d4'},
  'linux/arm/v7': {machine: 40, bits: 32, flags: 0x05000000, code: '0170a0e30000a0e3000000ef'},
  'linux/386': {machine: 3, bits: 32, code: 'b80100000031dbcd80'},
  'linux/ppc64le': {machine: 21, bits: 64, flags: 2, code: '010000380000603802000044'},
  'linux/riscv64': {machine: 243, bits: 64, code: '9308d0051305000073000000'},
  'linux/s390x': {machine: 22, bits: 64, isBigEndian: true, code: 'a72900000a01'},
};

/** The platforms that images can be built for. */
export const knownPlatforms: readonly string[] = Object.keys(processors);

const address = 0x400000;

/**
 * The smallest program for a platform: an ELF header, one segment, and a call that ends it with exit code 0.
 * @throws RangeError for a platform that is not in {@link knownPlatforms}
 */
export function probeProgram(platform: string): Uint8Array {
  const processor = processors[platform];
  if (processor === undefined) throw new RangeError(`unknown platform ${platform}`);
  const {machine, bits, isBigEndian = false, flags = 0} = processor;
  const code = Buffer.from(processor.code, 'hex');
  const wide = bits === 64;
  const [headerSize, segmentSize] = wide ? [64, 56] : [52, 32];
  const start = headerSize + segmentSize;
  const size = start + code.length;
  const fields: (readonly [bytes: 2 | 4 | 8, value: number])[] = [];
  const half = (...values: number[]): void => void fields.push(...values.map((value) => [2, value] as const));
  const word = (...values: number[]): void => void fields.push(...values.map((value) => [4, value] as const));
  const long = (...values: number[]): void =>
    void fields.push(...values.map((value) => [wide ? 8 : 4, value] as const));
  // The header: an executable, its entry, and the place of its one segment.
  half(2, machine);
  word(1);
  long(address + start, headerSize, 0);
  word(flags);
  half(headerSize, segmentSize, 1, 0, 0, 0);
  // The segment: the whole file, to be read and executed.
  word(1);
  if (wide) word(5);
  long(0, address, address, size, size);
  if (!wide) word(5);
  long(0x1000);
  const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, isBigEndian ? 2 : 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([magic, ...fields.map(([bytes, value]) => number(bytes, value, isBigEndian)), code]);
}

function number(bytes: 2 | 4 | 8, value: number, isBigEndian: boolean): Buffer {
  const buffer = Buffer.alloc(bytes);
  // No value here needs more than 32 bits.
  const used = Math.min(bytes, 4);
  if (isBigEndian) buffer.writeUIntBE(value, bytes - used, used);
  else buffer.writeUIntLE(value, 0, used);
  return buffer;
}
