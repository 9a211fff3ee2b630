/** A run's numbers where people look at them: TensorBoard's event files while it trains, and a table of them as CSV. */
export { metricsCsv } from "./csv.js";
export { type EventLog, openEventLog } from "./eventFile.js";
