/**
 * What a vitest JSON report counts as. A skipped test counts as failed, and so does a test file that does not load; an error
 * outside every test, which fails the run although no test failed, counts as one.
 * @param report undefined when vitest ended without writing one
 * @param status its exit status
 */
export function countResults(report, status) {
  if (report === undefined) return { passed: 0, failed: 1 }
  const states = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.status))
  const passed = states.filter((state) => state === 'passed').length
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  const failed = states.length - passed + unloaded.length
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed }
}
