-- notices_received
-- Notices by source, legal ground, and what answered them. $1 from, $2 until, $3 site or null for all
SELECT n.author_key IS NOT NULL AS account, n.legal_ground, coalesce(d.action, n.state) AS answer, count(*)::integer AS number
FROM notices n LEFT JOIN decisions d ON d.id = n.decision_id
WHERE n.created_at >= $1 AND n.created_at < $2 AND ($3::integer IS NULL OR n.site_key = $3)
GROUP BY 1, 2, 3

-- flags_received
-- Readers' flags by reason and state. $1 from, $2 until, $3 site or null for all
SELECT f.reason, f.state, count(*)::integer AS number
FROM flags f JOIN articles a ON a.key = f.article_key
WHERE f.created_at >= $1 AND f.created_at < $2 AND ($3::integer IS NULL OR a.site_key = $3)
GROUP BY 1, 2

-- appeals_received
-- Appeals by what became of them. $1 from, $2 until, $3 site or null for all
SELECT p.state, count(*)::integer AS number
FROM appeals p JOIN articles a ON a.key = p.article_key
WHERE p.created_at >= $1 AND p.created_at < $2 AND ($3::integer IS NULL OR a.site_key = $3)
GROUP BY 1

-- decisions_made
-- Decisions on comments and people, but not what authors do with their own: delete it, or have themselves erased, which
-- discards their waiting edits. A rule made it when a check is named, else a person. $1 from, $2 until, $3 site or null
-- for all
SELECT action, coalesce(reason, check_name) AS reason, check_name IS NOT NULL AS rule, count(*)::integer AS number
FROM decisions
WHERE created_at >= $1 AND created_at < $2 AND ($3::integer IS NULL OR site_key = $3)
    AND (comment_id IS NOT NULL OR author_key IS NOT NULL) AND action <> 'delete'
    AND (action <> 'reject_edit' OR moderator_key IS NOT NULL)
GROUP BY 1, 2, 3

-- times_to_answer
-- Median seconds from a notice, and from an appeal, to its answer; null without any.
-- $1 from, $2 until, $3 site or null for all
SELECT (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM n.answered_at - n.created_at))
    FROM notices n
    WHERE n.created_at >= $1 AND n.created_at < $2 AND n.answered_at IS NOT NULL
        AND ($3::integer IS NULL OR n.site_key = $3)
) AS notices, (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.decided_at - p.created_at))
    FROM appeals p JOIN articles a ON a.key = p.article_key
    WHERE p.created_at >= $1 AND p.created_at < $2 AND p.state IN ('granted', 'refused')
        AND ($3::integer IS NULL OR a.site_key = $3)
) AS appeals
