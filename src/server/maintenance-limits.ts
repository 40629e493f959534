/** How long maintenance may be asked for, in milliseconds. */
import { z } from 'zod';

export const maintenanceMs = z
  .number()
  .int()
  .min(1_000)
  .max(30 * 86_400_000);
