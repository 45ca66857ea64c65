// A program that does nothing until it is killed. `check` puts it in the place of a service's own program, to see which
// signals that finds blocked or ignored at its start: what the program does to itself, it never does.
// Machine code, since the image may have no shell and no C library: an ELF header, a program header, and a system call in
// a loop.

const codes: Readonly<Record<string, {readonly machine: number; readonly code: readonly number[]}>> = {
  amd64: {
    machine: 0x3e,
    // mov eax, 34 (pause); syscall; jmp to the start
    code: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7],
  },
  arm64: {
    machine: 0xb7,
    // mov x8, 73 (ppoll); mov x0..x3, 0; svc 0; b to the start
    code: [
      [0xd2800928, 0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd4000001, 0x17fffffa].map((word) => [
        word & 0xff,
        (word >>> 8) & 0xff,
        (word >>> 16) & 0xff,
        word >>> 24,
      ]),
    ].flat(2),
  },
};

const headerBytes = 0x40;
const programHeaderBytes = 0x38;
const loadedAt = 0x40_0000;

/** The program for an architecture as Docker names it; undefined: there is none for it. */
export function idleProgram(architecture: string): Uint8Array | undefined {
  const found = codes[architecture];
  if (found === undefined) return undefined;
  const {machine, code} = found;
  const start = headerBytes + programHeaderBytes;
  const size = start + code.length;
  const bytes = Buffer.alloc(size);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // Executable, machine, version 1.
  bytes.writeUInt16LE(2, 0x10);
  bytes.writeUInt16LE(machine, 0x12);
  bytes.writeUInt32LE(1, 0x14);
  bytes.writeUInt32LE(loadedAt + start, 0x18);
  bytes.writeUInt32LE(headerBytes, 0x20);
  bytes.writeUInt16LE(headerBytes, 0x34);
  bytes.writeUInt16LE(programHeaderBytes, 0x36);
  bytes.writeUInt16LE(1, 0x38);
  // One segment, the whole file: load, read and execute.
  bytes.writeUInt32LE(1, headerBytes);
  bytes.writeUInt32LE(5, headerBytes + 0x04);
  bytes.writeUInt32LE(loadedAt, headerBytes + 0x10);
  bytes.writeUInt32LE(loadedAt, headerBytes + 0x18);
  bytes.writeUInt32LE(size, headerBytes + 0x20);
  bytes.writeUInt32LE(size, headerBytes + 0x28);
  bytes.writeUInt32LE(0x1000, headerBytes + 0x30);
  bytes.set(code, start);
  return bytes;
}
