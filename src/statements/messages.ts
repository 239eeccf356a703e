export const LANGUAGES = ['en', 'zh'] as const;

export type Language = (typeof LANGUAGES)[number];

/** Everything that a statement says on a terminal, in one language. Ids, amounts and reasons of persons stay as they are. */
export interface Messages {
  readonly title: (owner: { readonly name: string; readonly id: string }) => string;
  readonly providerTitle: (owner: { readonly name: string; readonly id: string }) => string;
  readonly period: (period: { readonly id: string; readonly from: string; readonly to: string }) => string;
  readonly notSettledToItsEnd: string;
  readonly issued: (half: { readonly period: string; readonly at: string }) => string;
  readonly closed: (period: string) => string;
  readonly sealed: (seal: string) => string;
  readonly closedWithoutSeal: (period: string) => string;
  readonly nothing: string;
  readonly amountsIn: (currency: string) => string;
  readonly columns: {
    readonly impressions: string;
    readonly clicks: string;
    readonly ecpm: string;
    readonly gross: string;
    readonly sharePercent: string;
    readonly yourShare: string;
    readonly developerTotal: string;
    readonly ratio: string;
    readonly yourPart: string;
    readonly notCounted: string;
    readonly reason: string;
    readonly paidOut: string;
    readonly tax: string;
    readonly net: string;
    readonly change: string;
  };
  readonly dayOfApp: string;
  readonly allDays: string;
  readonly plan: (id: string) => string;
  readonly pendingMark: string;
  readonly appOf: (app: { readonly name: string; readonly id: string; readonly developer: string }) => string;
  readonly toProviders: (amount: string) => string;
  readonly toProvider: (part: {
    readonly id: string;
    readonly ratio: string;
    readonly total: string;
    readonly amount: string;
  }) => string;
  readonly waitsToBeSettled: string;
  readonly notSettled: (gross: string) => string;
  readonly inLaterPeriod: (gross: string) => string;
  readonly corrections: string;
  readonly part: (reason: string, providerId: string | null) => string;
  readonly booked: (line: { readonly at: string; readonly version: number; readonly transfer: string }) => string;
  readonly lateDifferences: string;
  readonly lateOf: (line: { readonly gross: string; readonly at: string }) => string;
  readonly lateBooked: (at: string) => string;
  readonly incentives: string;
  readonly apps: (count: number) => string;
  readonly adjustments: string;
  readonly writtenOff: string;
  readonly refersTo: (place: { readonly app: string | null; readonly day: string | null }) => string;
  readonly decision: (id: string) => string;
  readonly held: string;
  readonly heldAtBeginning: string;
  readonly heldInPeriod: string;
  readonly released: string;
  readonly clawedBack: string;
  readonly forfeited: string;
  readonly heldAtEnd: string;
  readonly payouts: string;
  readonly payoutStatus: Readonly<Record<'approved' | 'sent' | 'paid' | 'returned' | 'cancelled', string>>;
  readonly exchanged: (exchange: {
    readonly rate: string;
    readonly day: string;
    readonly source: string;
    readonly net: string;
    readonly paid: string;
  }) => string;
  readonly withholding: string;
  readonly withheldAtBeginning: string;
  readonly withheldInPeriod: string;
  readonly remitted: string;
  readonly givenBack: string;
  readonly withheldAtEnd: string;
  readonly grossSettled: string;
  readonly platformPart: string;
  readonly providersPart: string;
  readonly yourShare: string;
  readonly grossNotSettled: string;
  readonly openingBalance: (currency: string) => string;
  readonly shareOfPeriod: string;
  readonly partOfPeriod: string;
  readonly lateTotal: string;
  readonly incentivesTotal: string;
  readonly adjustmentsTotal: string;
  readonly heldAndGivenBack: string;
  readonly payoutsTotal: string;
  readonly closingBalance: (currency: string) => string;
  readonly underWay: string;
}

const PARTS_EN: Readonly<Record<string, string>> = {
  developer_share: 'your share',
  platform_share: "platform's part",
  provider_share: 'part of service provider',
  provider_income: 'your part',
};

const EN: Messages = {
  title: ({ name, id }) => `Statement for ${name} (${id})`,
  providerTitle: ({ name, id }) => `Statement for service provider ${name} (${id})`,
  period: ({ id, from, to }) => `Period ${id}: ${from} to ${to}`,
  notSettledToItsEnd: ', not settled to its end',
  issued: ({ period, at }) => `${period} issued ${at}`,
  closed: period => `${period} closed, not issued`,
  sealed: seal => `sealed ${seal}`,
  closedWithoutSeal: period => `${period} closed, nothing was booked in it`,
  nothing: 'Nothing was earned and nothing is owed.',
  amountsIn: currency => `${currency}: all amounts in ${currency}`,
  columns: {
    impressions: 'Impressions',
    clicks: 'Clicks',
    ecpm: 'eCPM',
    gross: 'Gross',
    sharePercent: 'Share %',
    yourShare: 'Your share',
    developerTotal: "Developer's total",
    ratio: 'Ratio',
    yourPart: 'Your part',
    notCounted: 'Not counted',
    reason: 'Reason',
    paidOut: 'Payout',
    tax: 'Tax',
    net: 'Net',
    change: 'Balance',
  },
  dayOfApp: 'Day of the app',
  allDays: 'All days',
  plan: id => `, plan ${id}`,
  pendingMark: ', PENDING',
  appOf: ({ name, id, developer }) => `${name} (${id}) of ${developer}`,
  toProviders: amount => `To service providers: ${amount}`,
  toProvider: ({ id, ratio, total, amount }) => `To service provider ${id}: ${ratio} of ${total} = ${amount}`,
  waitsToBeSettled: 'Waits to be settled again',
  notSettled: gross => `Not settled yet: ${gross} of gross`,
  inLaterPeriod: gross => `Counted after the period was closed, shared out in a later one: ${gross} of gross`,
  corrections: 'Corrections of earlier bookings, contained in the lines above',
  part: (reason, providerId) => `${PARTS_EN[reason] ?? reason}${providerId === null ? '' : ` ${providerId}`}`,
  booked: ({ at, version, transfer }) => `booked ${at}, version ${version}, transfer ${transfer}`,
  lateDifferences: 'Differences of days whose period was closed before',
  lateOf: ({ gross, at }) => `${gross} of gross, booked ${at}`,
  lateBooked: at => `booked ${at}`,
  incentives: 'Incentives, on top of your share',
  apps: count => `${count} apps`,
  adjustments: 'Adjustments',
  writtenOff: 'written off: ',
  refersTo: ({ app, day }) => (app === null && day === null ? '' : `for ${[app, day].filter(Boolean).join(' on ')}, `),
  decision: id => `decision ${id}`,
  held: 'Held, for a review, and not payable',
  heldAtBeginning: 'Held at the beginning',
  heldInPeriod: 'Held in this period',
  released: 'Released',
  clawedBack: 'Taken back with what was not earned',
  forfeited: 'Forfeited',
  heldAtEnd: 'Held at the end',
  payouts: 'Payouts',
  payoutStatus: { approved: 'approved', sent: 'sent', paid: 'paid', returned: 'returned', cancelled: 'cancelled' },
  exchanged: ({ rate, day, source, net, paid }) => `${net} at ${rate} of ${day} (${source}) = ${paid}`,
  withholding: 'Tax withheld on payouts',
  withheldAtBeginning: 'Withheld and not remitted, at the beginning',
  withheldInPeriod: 'Withheld in this period',
  remitted: 'Remitted to the tax office',
  givenBack: 'Given back with payouts that ended',
  withheldAtEnd: 'Withheld and not remitted, at the end',
  grossSettled: 'Gross settled in this period',
  platformPart: "Platform's part",
  providersPart: "Service providers' part",
  yourShare: 'Your share',
  grossNotSettled: 'Gross not settled yet, shared out later',
  openingBalance: currency => `Opening balance in ${currency}`,
  shareOfPeriod: 'Your share of this period',
  partOfPeriod: 'Your part of this period',
  lateTotal: 'Differences of earlier periods',
  incentivesTotal: 'Incentives',
  adjustmentsTotal: 'Adjustments',
  heldAndGivenBack: 'Held (-) and given back (+)',
  payoutsTotal: 'Payouts (-) and what came back (+)',
  closingBalance: currency => `Closing balance in ${currency}`,
  underWay: 'Approved or sent, not yet paid',
};

const PARTS_ZH: Readonly<Record<string, string>> = {
  developer_share: '您的分成',
  platform_share: '平台分成',
  provider_share: '服务商分成',
  provider_income: '您的分成',
};

const ZH: Messages = {
  title: ({ name, id }) => `结算单：${name}（${id}）`,
  providerTitle: ({ name, id }) => `服务商结算单：${name}（${id}）`,
  period: ({ id, from, to }) => `账期 ${id}：${from} 至 ${to}`,
  notSettledToItsEnd: '，尚未全部结算',
  issued: ({ period, at }) => `${period} 已出具于 ${at}`,
  closed: period => `${period} 已封账，尚未出具`,
  sealed: seal => `封账码 ${seal}`,
  closedWithoutSeal: period => `${period} 已封账，没有任何入账`,
  nothing: '没有收入，也没有应付款。',
  amountsIn: currency => `${currency}：所有金额以 ${currency} 计`,
  columns: {
    impressions: '展示',
    clicks: '点击',
    ecpm: 'eCPM',
    gross: '总收入',
    sharePercent: '分成 %',
    yourShare: '您的分成',
    developerTotal: '开发者合计',
    ratio: '比例',
    yourPart: '您的分成',
    notCounted: '不计入',
    reason: '原因',
    paidOut: '付款',
    tax: '税款',
    net: '税后',
    change: '余额变动',
  },
  dayOfApp: '应用当日',
  allDays: '全部日期',
  plan: id => `，方案 ${id}`,
  pendingMark: '，预估',
  appOf: ({ name, id, developer }) => `${name}（${id}），开发者 ${developer}`,
  toProviders: amount => `服务商所得：${amount}`,
  toProvider: ({ id, ratio, total, amount }) => `服务商 ${id}：${total} 的 ${ratio} = ${amount}`,
  waitsToBeSettled: '等待重新结算',
  notSettled: gross => `尚未结算：总收入 ${gross}`,
  inLaterPeriod: gross => `封账后计入，在以后账期分成：总收入 ${gross}`,
  corrections: '对先前入账的更正，已包含在以上各行',
  part: (reason, providerId) => `${PARTS_ZH[reason] ?? reason}${providerId === null ? '' : ` ${providerId}`}`,
  booked: ({ at, version, transfer }) => `入账 ${at}，版本 ${version}，转账 ${transfer}`,
  lateDifferences: '已封账账期的差额',
  lateOf: ({ gross, at }) => `总收入 ${gross}，入账 ${at}`,
  lateBooked: at => `入账 ${at}`,
  incentives: '激励，在分成之外',
  apps: count => `${count} 个应用`,
  adjustments: '调整',
  writtenOff: '核销：',
  refersTo: ({ app, day }) => (app === null && day === null ? '' : `针对 ${[app, day].filter(Boolean).join(' ')}，`),
  decision: id => `决定 ${id}`,
  held: '因审核冻结，暂不支付',
  heldAtBeginning: '期初冻结',
  heldInPeriod: '本期冻结',
  released: '解冻',
  clawedBack: '随无效收入扣回',
  forfeited: '没收',
  heldAtEnd: '期末冻结',
  payouts: '付款',
  payoutStatus: { approved: '已批准', sent: '已发出', paid: '已付款', returned: '已退回', cancelled: '已取消' },
  exchanged: ({ rate, day, source, net, paid }) => `${net} 按 ${day} 汇率 ${rate}（${source}）兑换为 ${paid}`,
  withholding: '付款代扣税款',
  withheldAtBeginning: '期初已扣未缴',
  withheldInPeriod: '本期代扣',
  remitted: '已缴税务机关',
  givenBack: '随终止的付款退回',
  withheldAtEnd: '期末已扣未缴',
  grossSettled: '本期已结算总收入',
  platformPart: '平台分成',
  providersPart: '服务商分成',
  yourShare: '您的分成',
  grossNotSettled: '尚未结算的总收入，以后分成',
  openingBalance: currency => `期初余额 ${currency}`,
  shareOfPeriod: '本期分成',
  partOfPeriod: '本期分成',
  lateTotal: '以前账期的差额',
  incentivesTotal: '激励',
  adjustmentsTotal: '调整',
  heldAndGivenBack: '冻结（-）与返还（+）',
  payoutsTotal: '付款（-）与退回（+）',
  closingBalance: currency => `期末余额 ${currency}`,
  underWay: '已批准或已发出，尚未到账',
};

export const MESSAGES: Readonly<Record<Language, Messages>> = { en: EN, zh: ZH };
