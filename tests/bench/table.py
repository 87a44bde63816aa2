"""What was measured, as one table of ratios; and tables of absolute figures, which say something about this machine only."""
import statistics


class Row:
    def __init__(self, group, name, values, target, every, unit):
        self.group = group
        self.name = name
        self.values = values
        self.target = target  # ('>=' | '<=' | '==', number), or None: there is none
        self.every = every  # whether each round has to reach it, or the median
        self.unit = unit

    def reached(self):
        """None: there is nothing to reach."""
        if not self.target:
            return None
        how, limit = self.target
        values = self.values if self.every else [statistics.median(self.values)]
        return all({'>=': value >= limit, '<=': value <= limit, '==': value == limit}[how] for value in values)


def digits(value):
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return '%.0f' % value if abs(value) >= 1000 else '%.1f' % value if abs(value) >= 100 else '%.2f' % value


def columns(lines, left):
    """Lines of cells as lines of text; the first `left` cells stand at the left, the others at the right."""
    widths = [max(len(line[i]) for line in lines if len(line) > i) for i in range(max(map(len, lines)))]
    for line in lines:
        yield '  '.join(cell.ljust(width) if i < left else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip()


class Table:
    def __init__(self):
        self.rows = []
        self.figures = []  # (title, head, lines)
        self.skipped = []  # (what, why)
        self.odd = []

    def add(self, group, name, values, target=None, every=False, unit=''):
        self.rows.append(Row(group, name, list(values), target, every, unit))

    def ratio(self, group, name, over, under, target=None):
        """One figure for each round: what was measured in it over what was measured right beside it."""
        self.add(group, name, [a / b for a, b in zip(over, under)], target)

    def figure(self, title, head, lines):
        self.figures.append((title, head, lines))

    def skip(self, what, why):
        self.skipped.append((what, why))

    def missed(self):
        return [row for row in self.rows if row.reached() is False]

    def print(self):
        lines = [['', 'MIN', 'MEDIAN', 'MAX', '', 'TARGET', 'REACHED']]
        signs = {'>=': '≥', '<=': '≤', '==': '='}
        group = None
        for row in self.rows:
            if row.group != group:
                group = row.group
                lines.append([''])
                lines.append([group])
            middle = statistics.median(row.values)
            target = signs[row.target[0]] + ' ' + digits(row.target[1]) if row.target else '-'
            mark = {None: '', True: 'yes', False: 'NO'}[row.reached()]
            lines.append(['  ' + row.name, digits(min(row.values)), digits(middle), digits(max(row.values)), row.unit, target, mark])
        wide = max(len(line[0]) for line in lines if len(line) > 1)
        heads = [line for line in lines if len(line) == 1]
        for text in columns([line if len(line) > 1 else [line[0][:wide]] for line in lines], 1):
            print(next((head[0] for head in heads if head[0] and head[0][:wide] == text), text))
        for title, head, body in self.figures:
            print('\n%s' % title)
            for text in columns([head] + body, 1):
                print('  ' + text)
        if self.skipped:
            print()
        for what, why in self.skipped:
            print('skip  %s: %s' % (what, why))
        for text in self.odd:
            print('odd   %s' % text)
        missed = self.missed()
        print('\n%d targets reached, %d missed, %d parts skipped' % (
            sum(row.reached() is True for row in self.rows), len(missed), len(self.skipped)))
