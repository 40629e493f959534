/** Units of time. */
const units = { ms: '毫秒', s: '秒', min: '分钟', h: '小时', d: '天' } as const;

/** Of such as «2.1 s». */
export function inChinese(time: string): string {
  const [amount = '', unit = ''] = time.split(' ');
  return unit in units ? `${amount} ${units[unit as keyof typeof units]}` : time;
}
