/** Comparison as MySQL's utf8mb3_general_ci: letter case, accents and blanks at the end do not count. */
export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toUpperCase()
    .replace(/ +$/, '')

export const sameText = (left: string, right: string): boolean => fold(left) === fold(right)
