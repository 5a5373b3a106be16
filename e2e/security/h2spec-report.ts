/** Cases that failed by h2spec's report in the form of JUnit, as it numbers them: `http2/5.1/5`. */
export function failedCases(report: string): string[] {
  return report.split('<testsuite ').flatMap((suite) => {
    const [, section = ''] = /package="([^"]+)"/.exec(suite) ?? [];
    const cases = suite.split('<testcase ').slice(1);
    return cases.flatMap((one, index) => (/<(?:error|failure)\b/.test(one) ? [`${section}/${index + 1}`] : []));
  });
}
