export function writeDocs(): void {
  throw new Error('to come');
}
