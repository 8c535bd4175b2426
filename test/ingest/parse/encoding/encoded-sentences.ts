/** Sentences in the languages and encodings that files come in. Bytes in base64, made with Python's codecs. */
export const SENTENCES = {
  fr: "Le congé de maternité est accordé à toute salariée dès son arrivée ; le dossier complet doit être envoyé au service du personnel avant l'été.",
  de: 'Die Kündigungsfrist beträgt drei Monate. Für Überstunden gewähren wir einen Ausgleich, höchstens jedoch fünf zusätzliche Tage im Jahr.',
  es: 'La compañía paga el alojamiento según la categoría del empleado; las vacaciones se solicitarán con treinta días de antelación. ¿Quién autoriza los viajes?',
  pl: 'Każdy pracownik może złożyć wniosek o urlop wypoczynkowy; przełożony powinien udzielić odpowiedzi w ciągu siedmiu dni roboczych od jego złożenia.',
  cs: 'Zaměstnanec má nárok na dovolenou v délce pěti týdnů. Žádost je třeba podat písemně nejpozději čtrnáct dnů předem; přesčasy se proplácejí.',
  ru: 'Сотрудник имеет право на ежегодный отпуск продолжительностью двадцать восемь дней. Заявление подаётся не позднее чем за две недели до начала отпуска.',
  uk: 'Працівник має право на щорічну відпустку тривалістю двадцять чотири дні. Заява подається не пізніше ніж за два тижні до її початку, якщо інше не передбачено.',
  el: 'Ο εργαζόμενος δικαιούται ετήσια άδεια είκοσι ημερών. Η αίτηση υποβάλλεται εγγράφως στον προϊστάμενο τουλάχιστον δύο εβδομάδες πριν από την έναρξη.',
  tr: 'Çalışan yılda yirmi gün ücretli izin kullanabilir. İzin talebi en az iki hafta önce yazılı olarak yöneticiye iletilmelidir; değişiklikler ayrıca bildirilir.',
  he: 'העובד זכאי לעשרים ימי חופשה בשנה. את הבקשה יש להגיש בכתב למנהל הישיר לפחות שבועיים לפני תחילת החופשה, אלא אם סוכם אחרת.',
  ar: 'يحق للموظف الحصول على إجازة سنوية مدتها عشرون يوما. يجب تقديم الطلب كتابة إلى المدير المباشر قبل أسبوعين على الأقل من بداية الإجازة.',
  lt: 'Darbuotojas turi teisę į dvidešimties dienų kasmetines atostogas. Prašymas pateikiamas raštu tiesioginiam vadovui ne vėliau kaip prieš dvi savaites, išskyrus ypatingus atvejus.',
  th: 'พนักงานมีสิทธิลาพักร้อนปีละยี่สิบวัน ต้องยื่นคำขอเป็นลายลักษณ์อักษรต่อหัวหน้างานล่วงหน้าอย่างน้อยสองสัปดาห์',
  ja: '社員は年に二十日の有給休暇を取得できます。申請は開始の二週間前までに、書面で直属の上司に提出してください。出張費の精算は経理部が行います。',
  ko: '직원은 매년 이십일의 유급 휴가를 사용할 수 있습니다. 신청서는 시작 이 주 전까지 직속 상사에게 서면으로 제출해야 합니다.',
  zh: '员工每年享有二十天带薪休假。申请应至少提前两周以书面形式提交给直属主管。差旅费用由财务部门负责报销。',
  zt: '員工每年享有二十天帶薪休假。申請應至少提前兩週以書面形式提交給直屬主管。差旅費用由財務部門負責報銷。',
} as const

export const ENCODED: readonly [encoding: string, language: keyof typeof SENTENCES, base64: string][] = [
  [
    'windows-1252',
    'fr',
    'TGUgY29uZ+kgZGUgbWF0ZXJuaXTpIGVzdCBhY2NvcmTpIOAgdG91dGUgc2FsYXJp6WUgZOhzIHNvbiBhcnJpdullIDsgbGUgZG9zc2llciBjb21wbGV0IGRvaXQg6nRyZSBlbnZveekgYXUgc2VydmljZSBkdSBwZXJzb25uZWwgYXZhbnQgbCfpdOku',
  ],
  [
    'macintosh',
    'fr',
    'TGUgY29uZ44gZGUgbWF0ZXJuaXSOIGVzdCBhY2NvcmSOIIggdG91dGUgc2FsYXJpjmUgZI9zIHNvbiBhcnJpdo5lIDsgbGUgZG9zc2llciBjb21wbGV0IGRvaXQgkHRyZSBlbnZveY4gYXUgc2VydmljZSBkdSBwZXJzb25uZWwgYXZhbnQgbCeOdI4u',
  ],
  [
    'windows-1252',
    'de',
    'RGllIEv8bmRpZ3VuZ3NmcmlzdCBiZXRy5Gd0IGRyZWkgTW9uYXRlLiBG/HIg3GJlcnN0dW5kZW4gZ2V35GhyZW4gd2lyIGVpbmVuIEF1c2dsZWljaCwgaPZjaHN0ZW5zIGplZG9jaCBm/G5mIHp1c+R0emxpY2hlIFRhZ2UgaW0gSmFoci4=',
  ],
  [
    'windows-1252',
    'es',
    'TGEgY29tcGHx7WEgcGFnYSBlbCBhbG9qYW1pZW50byBzZWf6biBsYSBjYXRlZ29y7WEgZGVsIGVtcGxlYWRvOyBsYXMgdmFjYWNpb25lcyBzZSBzb2xpY2l0YXLhbiBjb24gdHJlaW50YSBk7WFzIGRlIGFudGVsYWNp824uIL9RdWnpbiBhdXRvcml6YSBsb3MgdmlhamVzPw==',
  ],
  [
    'windows-1250',
    'pl',
    'S2G/ZHkgcHJhY293bmlrIG1vv2UgerNvv3nmIHduaW9zZWsgbyB1cmxvcCB3eXBvY3p5bmtvd3k7IHByemWzb79vbnkgcG93aW5pZW4gdWR6aWVsaeYgb2Rwb3dpZWR6aSB3IGNpuWd1IHNpZWRtaXUgZG5pIHJvYm9jenljaCBvZCBqZWdvIHqzb79lbmlhLg==',
  ],
  [
    'iso-8859-2',
    'cs',
    'WmFt7HN0bmFuZWMgbeEgbuFyb2sgbmEgZG92b2xlbm91IHYgZOlsY2UgcOx0aSB0/WRu+S4gruFkb3N0IGplIHT4ZWJhIHBvZGF0IHDtc2VtbuwgbmVqcG96ZOxqaSDodHJu4WN0IGRu+SBw+GVkZW07IHD4ZXPoYXN5IHNlIHByb3Bs4WNlau0u',
  ],
  [
    'windows-1251',
    'ru',
    '0e7y8PPk7ejqIOjs5eXyIO/w4OLuIO3gIOXm5ePu5O376SDu8u/z8eog7/Du5O7r5ujy5ev87e7x8vz+IOTi4OT24PL8IOLu8eXs/CDk7eXpLiDH4P/i6+Xt6OUg7+7k4Ljy8f8g7eUg7+7n5O3l5SD35ewg5+Ag5OLlIO3l5OXr6CDk7iDt4Pfg6+Ag7vLv8/Hq4C4=',
  ],
  [
    'koi8-r',
    'ru',
    '88/U0tXEzsnLIMnNxcXUINDSwdfPIM7BIMXWxcfPxM7ZyiDP1NDV08sg0NLPxM/M1snUxczYzs/T1NjAIMTXwcTDwdTYINfP08XN2CDEzsXKLiD6wdHXzMXOycUg0M/EwaPU09EgzsUg0M/axM7FxSDexc0g2sEgxNfFIM7FxMXMySDEzyDOwd7BzMEgz9TQ1dPLwS4=',
  ],
  [
    'iso-8859-5',
    'ru',
    'wd7i4OPU3djaINjc1dXiIN/g0NLeIN3QINXW1dPe1N3r2SDe4t/j4dog3+De1N7b1tji1dvs3d7h4uzuINTS0NTm0OLsINLe4dXc7CDU3dXZLiC30O/S29Xd2NUg397U0PHi4e8g3dUg397X1N3V1SDn1dwg19Ag1NLVIN3V1NXb2CDU3iDd0OfQ29Ag3uLf4+Ha0C4=',
  ],
  [
    'ibm866',
    'ru',
    'ka7i4OOkraiqIKispaXiIK/goKKuIK2gIKWmpaOupK3rqSCu4q/j4aogr+CupK6rpqjipavsra7h4uzuIKSioKTmoOLsIKKu4aWs7CCkraWpLiCHoO+iq6WtqKUgr66koPHi4e8graUgr66npK2lpSDnpawgp6AgpKKlIK2lpKWrqCCkriCtoOegq6AgruKv4+GqoC4=',
  ],
  [
    'koi8-u',
    'uk',
    '8NLBw6bXzsnLIM3BpCDQ0sHXzyDOwSDdz9Km3s7VINemxNDV09TL1SDU0snXwcym09TAIMTXwcTD0dTYIN7P1MnSySDEzqYuIPrB0dfBINDPxMGk1NjT0SDOxSDQptrOptvFIM6m1iDawSDE18Eg1MnWzqYgxM8gp6cg0M/ewdTL1Swg0cvdzyCmztvFIM7FINDF0sXEwsHexc7PLg==',
  ],
  [
    'windows-1253',
    'el',
    'zyDl8ePh5vzs5e3v8iDk6erh6e/99OHpIOX03vPp4SDc5OXp4SDl3+rv8+kg5+zl8f7tLiDHIOHf9Ofz5yD18O/i3Ovr5fTh6SDl4+Px3Pb58iDz9O/tIPDx7/rz9Nzs5e3vIPTv9evc9+nz9O/tIOT97yDl4uTv7Nzk5fIg8PHp7SDh8Pwg9OftIN3t4fHu5y4=',
  ],
  [
    'windows-1254',
    'tr',
    'x2Fs/f5hbiB5/WxkYSB5aXJtaSBn/G4g/GNyZXRsaSBpemluIGt1bGxhbmFiaWxpci4g3XppbiB0YWxlYmkgZW4gYXogaWtpIGhhZnRhIPZuY2UgeWF6/Wz9IG9sYXJhayB59m5ldGljaXllIGlsZXRpbG1lbGlkaXI7IGRl8Gn+aWtsaWtsZXIgYXly/WNhIGJpbGRpcmlsaXIu',
  ],
  [
    'windows-1255',
    'he',
    '5PLl4eMg5uvg6SDs8vn46e0g6e7pIOfl9PnkIOH58OQuIOD6IOTh9/nkIOn5IOzk4un5IOHr+uEg7O7w5Owg5On56fgg7PTn5fog+eHl8unp7SDs9PDpIPrn6ez6IOTn5fT55Cwg4OzgIODtIPHl6+0g4Of4+i4=',
  ],
  [
    'windows-1256',
    'ar',
    '7c3eIOHh4+bZ3SDH4c3V5uEg2uHsIMXMx9LJINPk5u3JIOPPyuXHINrU0ebkIO3m48cuIO3MyCDK3s/t4yDH4djhyCDfysfIySDF4ewgx+Hjz+3RIMfh48jH1NEg3sjhIMPTyOba7eQg2uHsIMfhw97hIOPkIMjPx+3JIMfhxczH0sku',
  ],
  [
    'windows-1257',
    'lt',
    'RGFyYnVvdG9qYXMgdHVyaSB0ZWlz5iDhIGR2aWRl8GltdGllcyBkaWVu+CBrYXNtZXRpbmVzIGF0b3N0b2dhcy4gUHJh8HltYXMgcGF0ZWlraWFtYXMgcmHwdHUgdGllc2lvZ2luaWFtIHZhZG92dWkgbmUgdutsaWF1IGthaXAgcHJpZfAgZHZpIHNhdmFpdGVzLCBp8HNreXJ1cyB5cGF0aW5ndXMgYXR2ZWp1cy4=',
  ],
  [
    'windows-874',
    'th',
    'vrnRoafSucHVytS3uNTF0r7RocPpzbm71cXQwtXoytS6x9G5ILXpzafC1+i5pNOizeC757nF0sLF0aHJs+zN0aHJw7XozcvRx8u56dKn0rnF6Meny7np0s3C6NKnuenNwsrNp8rRu7TSy+w=',
  ],
  [
    'shift_jis',
    'ja',
    'jtCI9YLNlE6CyZPxj1yT+oLMl0yLi4t4icmC8I7mk76CxYKrgtyCt4FCkFyQv4LNikqOboLMk/GPVIrUkU+C3ILFgsmBQY+RlsqCxZK8ka6CzI/jjmmCyZLxj2+CtYLEgq2CvoKzgqKBQo9vkqOU74LMkLiOWoLNjG+XnZWUgqqNc4KigtyCt4FC',
  ],
  [
    'euc-jp',
    'ja',
    'vNKw96TPx6+ky8bzvb3G/KTOza2167XZssuk8rzoxsCkx6StpN6kuaGjv73AwaTPs6u7z6TOxvO9tbTWwbCk3qTHpMuhor3xzMykx8S+wrCkzr7lu8qky8TzvdCkt6TGpK+kwKS1pKSho73QxKXI8aTOwLq7u6TPt9DN/cn0pKy51KSkpN6kuaGj',
  ],
  [
    'iso-2022-jp',
    'ja',
    'GyRCPFIwdyRPRy8kS0ZzPT1GfCROTS01azVZMkskcjxoRkAkRyQtJF4kOSEjPz1AQSRPMys7TyRORnM9NTRWQTAkXiRHJEshIj1xTEwkR0Q+QjAkTj5lO0okS0RzPVAkNyRGJC8kQCQ1JCQhIz1QRCVIcSROQDo7OyRPN1BNfUl0JCw5VCQkJF4kOSEjGyhC',
  ],
  [
    'euc-kr',
    'ko',
    'wfe/+MC6ILjFs+IgwMy9ysDPwMcgwK+x3iDI3rChuKYgu+e/68fSILz2IMDWvcC0z7TZLiC9xcO7vK20wiC9w8DbIMDMIMHWIMD8se7B9iDB97zTILvzu+e/obDUILytuOnAuLfOIMGmw+LH2L7fIMfVtM+02S4=',
  ],
  [
    'gb18030',
    'zh',
    '1LG5pMO/xOrP7dPQtv7KrszstPjQvdDdvNmho8nqx+vTptbBydnM4cewwb3W3NLUyunD5tDOyr3M4b27uPjWscr01ve53KGjsu7Cw7fR08PTybLGzvGyv8PFuLrU8LGoz/qhow==',
  ],
  [
    'big5',
    'zt',
    'rfukdahDpn6oyaazpEekUaTRsWHBfqXwsLKhQ6XTvdDAs6bcpNa0o6tlqOK2Z6VIrtGtsafOpqG0o6XmtbmqvcTdpUS63qFDrnSuyLZPpc6l0bBdsMizoar5rXSzZLP4vlChQw==',
  ],
]
