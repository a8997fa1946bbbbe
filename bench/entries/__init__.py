"""One entry per row of the table of figures: name → a function of the Bench that hands back its figures."""
from . import contact, content, guard_cost, jobs, memory, scale, start, voter_import, voter_list, voter_read

ENTRIES = {
    "voter-read": voter_read.as_admin,
    "voter-read-canvasser": voter_read.as_canvasser,
    "voter-list": voter_list.measure,
    "contact": contact.measure,
    "content-200": content.whole,
    "content-304": content.unchanged,
    "jobs": jobs.measure,
    "guard-cost": guard_cost.measure,
    "import": voter_import.measure,
    "memory": memory.measure,
    "start": start.measure,
    "scale": scale.measure,
}
