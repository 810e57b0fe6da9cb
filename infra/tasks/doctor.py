"""What this machine lacks."""

from __future__ import annotations

from invoke import Context, Exit, task


@task
def doctor(_: Context) -> None:
    """Say what this machine has and lacks, each finding with its remedy."""
    from infra.upkeep import doctor as examination
    from infra.upkeep import health

    found = examination.findings() + health.findings()
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        state = "ok     " if finding.is_well else "missing" if finding.needed else "note   "
        remedy = f"  ->  {finding.remedy}" if finding.remedy else ""
        print(f"{state}  {finding.subject:<{width}}  {finding.found}{remedy}")
    if any(finding.needed and not finding.is_well for finding in found):
        raise Exit(code=1)
