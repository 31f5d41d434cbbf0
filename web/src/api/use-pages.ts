import { useState } from 'react'

/**
 * Pages of a list that knows only where the next one begins. `back` when what is listed changed;
 * `props` of Cloudscape's Pagination, for the answer that shows now.
 */
export function usePages() {
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined])
  const [page, setPage] = useState(1)
  return {
    cursor: cursors[page - 1],
    back() {
      setCursors([undefined])
      setPage(1)
    },
    props: (next: string | undefined) => ({
      currentPageIndex: page,
      pagesCount: cursors.length,
      openEnd: next !== undefined && page === cursors.length,
      onChange({ detail }: { detail: { currentPageIndex: number } }) {
        if (detail.currentPageIndex > cursors.length) setCursors([...cursors, next])
        setPage(detail.currentPageIndex)
      },
    }),
  }
}
